"""Everything about a Kafka itself: reaching one, running one, its topics, and reading it outside a group."""
