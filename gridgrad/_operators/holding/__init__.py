"""Points that hold a prescribed value, on walls at the ends of axes and beside gaps: operators read that, whatever fields have there."""
