"""What happens without anybody having just texted: the worker's tasks, on the job engine."""
