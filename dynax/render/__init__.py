"""Pictures of a robot and of what a model predicted for it: truth solid, prediction a translucent ghost over it.

    clip = list(frames(mj_model, truth, prediction, error, dt, fps=25))
    save_gif("clip.gif", clip, fps=25)

MuJoCo builds the scene; OpenGL draws it where there is any, Pillow where there is none.
"""

from dynax.render.backends import BACKENDS, choose_backend
from dynax.render.files import save_gif, save_mp4
from dynax.render.frames import frames

__all__ = ["BACKENDS", "choose_backend", "frames", "save_gif", "save_mp4"]
