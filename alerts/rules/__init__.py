"""Rules: what a user asks of the alerts of a topic, a group of topics, or all of them."""
