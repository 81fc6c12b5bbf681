"""Machine files read back as a controller would read them, by code that shares nothing with the writers."""
