@classLabel true 1 2
1,2,3:1
@data
