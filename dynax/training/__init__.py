"""From data to a trained model.

    samples.prepare --> stages.stages, each of epochs that lower losses --> validation --> checkpoint

`fitting` runs the stages and `resume` goes on with what a checkpoint has; `polish` and `identification` are stages of
their own.
"""
