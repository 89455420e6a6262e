"""What an operator writes: settings, the YAML document, the fleet file."""
