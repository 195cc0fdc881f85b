"""Numbers to rows: the stencils of derivatives."""
