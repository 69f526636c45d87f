"""What is known of genomes in general: builds, alleles, the panel of variants that matter, and polygenic scores."""
