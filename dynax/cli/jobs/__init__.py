"""One job: a command with one composed config. A command line runs one job, or with `-m` a sweep of jobs."""
