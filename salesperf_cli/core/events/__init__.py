"""Events of the speed layer: what they are derived from, how they are judged, and where they have landed."""
