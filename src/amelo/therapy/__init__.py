"""What can be done to a tooth: one package per family of therapies, one small class per kind of step."""
