"""The roles' pure cores: a record in, records out, state by key. The same code runs under Faust and in replay."""
