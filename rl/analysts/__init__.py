"""How far analysts are believed: reliability, quarantine of pushes, the second person, the cap on one's share."""
