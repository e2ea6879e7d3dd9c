@classLabel true 1 2
