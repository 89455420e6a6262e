"""From parsed Proxmox values to samples: pure functions, a file for each noun."""
