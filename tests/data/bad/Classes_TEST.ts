@classLabel true 1 3
@data
1,2:1
