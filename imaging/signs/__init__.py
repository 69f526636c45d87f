"""What is visible: gas, fluid, calcium, dense and lucent lung, odd parts of organs. Findings are made of these."""
