"""The commands about money, a module each; what others spend is told in `spending`. Made into a group in `group`."""
