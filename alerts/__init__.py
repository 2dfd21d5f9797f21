"""Event-time windows, stories, baselines, surge detection, episodes, rendering: pure, no clock, no Kafka."""
