"""The commands of `finsurge`, one file a group."""
