@classLabel true 1 2
@data
