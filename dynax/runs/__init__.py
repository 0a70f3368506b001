"""Storage of runs: files that appear complete, sealed directories, checkpoints, metrics and provenance.

Nothing in this package depends on a model.

    files, disk                writing files and directories as a whole; full disks
    sealed, arrays, hashes     directories with checksums, and arrays on disk
    saved_model                content of a saved model, and the model that it describes
    checkpoint                 checkpoints of a run
    history                    `metrics.jsonl`, one line per epoch
    summary                    `summary.json` of a finished run
    identity, provenance       the identity of a run; the versions, commit and machine of a result
    json_files, info           the reader of JSON files, and the content of `run.json`
    locks                      locks between processes
    comparison                 the runs of a sweep, with the options in which they differ
    paths, user_path           paths for Orbax, and paths that a user passes to a function
"""
