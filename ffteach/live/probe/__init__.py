"""The probe lab: a network learns without labels, and a linear probe reads it."""
