"""One module a format; a writer sees a Toolpath and a machine profile, no more, and returns bytes."""
