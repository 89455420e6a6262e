"""The restore drill: an installation on real parts, the page that a person follows, and what was typed and came back."""
