"""What a metric is: families as data, samples, failures, bounds, and the exposition. Imports nothing of the exporters."""
