"""What a Proxmox cluster said, parsed once into frozen values: one file for each noun.

What a verdict leans on is read strictly: a row that cannot be read makes the answer unreadable. What only describes is
read leniently, key by key. Numbers may come as strings, booleans as 0 and 1, and absent keys are common.
"""
