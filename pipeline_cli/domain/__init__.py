"""The rules, pure: every input is an argument, the clock included."""
