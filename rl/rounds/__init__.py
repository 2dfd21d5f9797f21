"""What an analyst's answer to one decision teaches: rounds, and the units that they are about."""
