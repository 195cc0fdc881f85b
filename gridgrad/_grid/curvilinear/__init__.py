"""Curvilinear grids: positions that all vary along several axes, as on grids that follow a body or a coast."""
