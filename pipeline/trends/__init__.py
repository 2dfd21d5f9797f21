"""What is told of a topic on `trends`, for people to look at."""
