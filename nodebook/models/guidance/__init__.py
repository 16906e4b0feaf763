"""What lies between samplers and networks: conditioning, areas, masks, batches, CFG."""
