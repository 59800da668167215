"""Deployment without the Pulumi engine, and what both drivers share: progress and a stage's configuration."""
