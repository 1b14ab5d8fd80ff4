"""Settings, aqe.yaml and the policies' YAML: defaults and loaders."""
