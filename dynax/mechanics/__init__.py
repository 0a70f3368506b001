"""Where a robot's bodies are, how their points move, and where they touch: MuJoCo's geometry, differentiable."""
