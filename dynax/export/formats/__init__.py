"""The formats, one file each. `files(trained, config)` returns the content of each file by name."""
