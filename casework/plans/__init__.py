"""Plans (预案): which cameras are looked at when and how often, within what the machines can do."""
