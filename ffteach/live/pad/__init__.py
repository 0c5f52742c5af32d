"""The digit pad: draw a digit, and see what every layer thinks of every label."""
