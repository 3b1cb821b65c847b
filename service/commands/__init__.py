"""The commands of `kg`, a module each, which is imported when the command is called."""
