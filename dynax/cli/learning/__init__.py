"""Parts of `dynax learn`: checkpoints of the rounds, and the files and tables at the end."""
