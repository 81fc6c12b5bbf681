"""What the rest of engrave stands on: units, errors, configuration, files, the mirror between the two frames."""
