"""The functions of the allow-list, a module a group; each exports FUNCTIONS."""
