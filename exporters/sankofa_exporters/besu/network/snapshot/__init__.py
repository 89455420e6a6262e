"""What headers prove: their making, one chain or two, and who takes part in consensus."""
