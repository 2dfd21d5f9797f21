"""Episodes: what is told of surges, topic by topic and over families of topics."""
