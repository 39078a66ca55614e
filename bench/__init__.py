"""How fast the service takes turns, beside the application that a tutorial would have written."""
