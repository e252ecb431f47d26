"""What `feedrank doctor` looks at: one file a subject, one small function a question."""
