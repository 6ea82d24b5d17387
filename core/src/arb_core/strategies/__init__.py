"""The strategies that come with the core: `spatial`. Others are plugins, registered the same way."""
