"""One module per noun. Every route declares who may call it (api.access)."""
