"""Which watchlist topic a name means, and what makes two texts the same story."""
