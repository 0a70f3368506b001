"""An exception as an exit code and a message for the user."""
