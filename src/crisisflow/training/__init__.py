"""The training of a model on a task: the loop, devices, checkpoints, schedules and seeds."""
