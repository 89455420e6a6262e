"""What keeps a process running: when jobs run, who may run them, where it listens, what it says and what it measures."""
