"""What core asks of the world (ports), and who answers: embedded on this machine, aws in the cloud."""
