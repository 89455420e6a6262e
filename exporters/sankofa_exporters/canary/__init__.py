"""HTTP as a user meets it: addresses that are asked at a rate of our own, and how many answers came in time."""
