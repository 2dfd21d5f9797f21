"""The join: corrections, reviews and the decisions that they are about, made into rounds."""
