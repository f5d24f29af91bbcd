"""What is known of a patient and of a fluid: frozen records with units, ranges and a place for *unknown*."""
